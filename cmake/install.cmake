include(GNUInstallDirs)
set(MEDIAFERRY_INSTALL_LIB ${CMAKE_INSTALL_LIBDIR}/mediaferry)
