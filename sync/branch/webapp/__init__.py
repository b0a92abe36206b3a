"""The app as a page that phones install: put together from the installed packages, handed out by `serve`."""
