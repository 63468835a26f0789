/* address.h - which addresses belong to the public Internet. */
#ifndef WEIR_WEB_ADDRESS_H
#define WEIR_WEB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local (where clouds have their metadata), shared, multicast, documentation and other
 * special addresses of the IANA's registries, for IPv6 that leads to one of IPv4, and for other families. */
bool weir__address_is_public(const struct sockaddr *address);

#endif
