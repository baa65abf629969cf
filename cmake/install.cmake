include(GNUInstallDirs)
# Where things go. The library lies in lib/mediaferry whatever the architecture's own directory is called: binary and modules look for it
# relative to themselves, and nobody else links it.
set(MEDIAFERRY_INSTALL_LIB lib/mediaferry)
set(MEDIAFERRY_EXAMPLES ${CMAKE_INSTALL_DATADIR}/doc/mediaferry/examples)

if(TARGET mediaferry)
  install(TARGETS mediaferry RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(TARGETS mediaferry_common LIBRARY DESTINATION ${MEDIAFERRY_INSTALL_LIB})
foreach(codec jpeg photo video)
  install(TARGETS ${codec}-codec RUNTIME DESTINATION ${MEDIAFERRY_INSTALL_LIB})
endforeach()
foreach(step icloud_download pixel_sync pixel_verify nas_archive processing compress icloud_mark icloud_delete cleanup)
  if(TARGET module_${step})
    install(TARGETS module_${step} LIBRARY DESTINATION ${MEDIAFERRY_INSTALL_LIB}/stages)
  endif()
endforeach()

# Units say where the binary is. Configured at install time, because --prefix may differ from the configured prefix.
foreach(unit mediaferry.service mediaferry-stage@.service)
  install(CODE "
    set(CMAKE_INSTALL_FULL_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    set(CMAKE_INSTALL_FULL_DATADIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/systemd/${unit}.in\" \"${CMAKE_BINARY_DIR}/systemd/${unit}\" @ONLY)")
  install(FILES ${CMAKE_BINARY_DIR}/systemd/${unit} DESTINATION lib/systemd/system)
endforeach()
install(FILES systemd/mediaferry-stage@.timer DESTINATION lib/systemd/system)
install(FILES systemd/mediaferry.sysusers DESTINATION lib/sysusers.d RENAME mediaferry.conf)
install(FILES systemd/mediaferry.tmpfiles DESTINATION lib/tmpfiles.d RENAME mediaferry.conf)
install(FILES config/mediaferry.yaml config/mediaferry.minimal.yaml DESTINATION ${MEDIAFERRY_EXAMPLES} OPTIONAL)
install(FILES config/mediaferry.yaml DESTINATION etc/mediaferry RENAME mediaferry.yaml.example OPTIONAL)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/mediaferry OPTIONAL)
