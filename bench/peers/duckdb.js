// duckdb.js - the works in DuckDB, through its own npm package.
//
//     NODE_PATH=.../node_modules node duckdb.js start|w1|w2|w3 IN OUT THREADS
//
// "start" opens a database and does nothing: what Node.js and the library cost before the work begins.
// The columns are named as in the file. Their types are given, so that nothing is guessed from the file, and only those that a work
// computes with are other than text: that is the fastest way. Prices are decimals: DuckDB's answer is exact.
'use strict';
const fs = require('node:fs');
const { DuckDBInstance } = require('@duckdb/node-api');

const [work, input, output, threads] = process.argv.slice(2);
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

// The names in the file's header, none of which needs quotes, though they may have them.
function header() {
  const buffer = Buffer.alloc(65536);
  const file = fs.openSync(input, 'r');
  const text = buffer.toString('utf8', 0, fs.readSync(file, buffer));
  fs.closeSync(file);
  return text.slice(0, text.indexOf('\n')).replaceAll('"', '').split(',');
}

function source(types) {
  const columns = header().map((name) => `${name}: '${types[name] || 'VARCHAR'}'`).join(', ');
  return `read_csv(${quoted(input)}, header = true, auto_detect = false, delim = ',', quote = '"',` +
    ` escape = '"', columns = {${columns}})`;
}

function query() {
  const priced = source({ quantity: 'INTEGER', unit_price: 'DECIMAL(10, 2)', discount: 'DECIMAL(3, 2)' });
  const total = 'cast(quantity * unit_price * (1 - discount) as decimal(18, 4))';
  switch (work) {
    case 'start':
      return 'select 1';
    case 'w1':
      return `copy (select count(*) from ${source({})}) to ${quoted(output)} (header false)`;
    case 'w2':
      return `copy (select id, customer, status from ${source({})}) to ${quoted(output)} (header)`;
    case 'w3':
      return `copy (select id, country, round(${total}, 2) as total from ${priced}` +
        ` where quantity >= 50 and status = 'paid') to ${quoted(output)} (header)`;
    default:
      throw new Error('usage: duckdb.js start|w1|w2|w3 IN OUT THREADS');
  }
}

async function main() {
  const text = query();
  const instance = await DuckDBInstance.create(':memory:', { threads });
  const connection = await instance.connect();
  await connection.run(text);
}

main().catch((error) => {
  console.error(`duckdb.js: ${error.message}`);
  process.exit(1);
});
