# What an installation holds: `cmake --install BUILD --prefix ANY`. Nothing in it knows where it stands, so that it
# can be moved.
include(CMakePackageConfigHelpers)

# The library, for C and C++ programs: by pkg-config, or by find_package(weir) and the target weir::weir.
set(WEIR_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
file(RELATIVE_PATH WEIR_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(lib/weir.pc.in weir.pc @ONLY)
write_basic_package_version_file(weir-config-version.cmake COMPATIBILITY SameMinorVersion)
install(TARGETS weir EXPORT weir)
install(TARGETS weir_static)
install(TARGETS weir-worker DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/weir-0) # it is of the library's version
install(DIRECTORY lib/include/weir TYPE INCLUDE)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weir.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(EXPORT weir FILE weir-config.cmake NAMESPACE weir:: DESTINATION ${WEIR_CMAKE_DIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weir-config-version.cmake DESTINATION ${WEIR_CMAKE_DIR})

# The program. Its completions are what it prints itself.
add_custom_command(OUTPUT completion.bash COMMAND pipeline completion > completion.bash DEPENDS pipeline VERBATIM)
add_custom_target(completion ALL DEPENDS completion.bash)
install(TARGETS pipeline)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/completion.bash RENAME pipeline
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES docs/pipeline.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/pipeline.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)

# The pipelines that anybody can use on files of their own, as @NAME; cli/ready.h tells where they are looked for.
set(READY check-manifest check-tree count fetch-pages grep-lines hash-list hash-tree)
file(RELATIVE_PATH WEIR_BIN_TO_DATA /prefix/${CMAKE_INSTALL_BINDIR} /prefix/${CMAKE_INSTALL_DATADIR})
target_compile_definitions(pipeline PRIVATE WEIR_BIN_TO_DATA="${WEIR_BIN_TO_DATA}")
set(READY_IN_BUILD ${CMAKE_CURRENT_BINARY_DIR}/share/weir/pipelines)
file(MAKE_DIRECTORY ${READY_IN_BUILD})
foreach(name ${READY})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/pipelines/${name}.yaml ${READY_IN_BUILD}/${name}.yaml SYMBOLIC)
  install(FILES pipelines/${name}.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/weir/pipelines)
endforeach()

# To read, and the examples with the data that they run on.
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)
install(DIRECTORY docs/ TYPE DOC FILES_MATCHING PATTERN *.md)
install(DIRECTORY pipelines samples DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples
        PATTERN setup.sh EXCLUDE PATTERN quickstart.sh EXCLUDE
        PATTERN __pycache__ EXCLUDE)
