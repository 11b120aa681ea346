"""The icon in the panel, in a process of its own, and notifications on the desktop.

::

    tray                starts that process and feeds it; in the running program
    __main__            the process itself
    session             what the desktop offers: a message bus, hosts for icons (Linux)
    status_notifier     the icon as a StatusNotifierItem (Linux)
    dbus_menu           the menu of that icon (Linux)
    backends            the icon through pystray: Windows, macOS, X11
    drawing             the icon's shapes
    dbus_notifications  notifications; in the running program (Linux)
"""
