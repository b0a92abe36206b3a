"""The phone's own browser: what only it has (WebCrypto, IndexedDB, fetch, one worker without threads).

Python runs in a worker of the page. The files in page/ are the page around it: `sync.branch webapp build` puts them
together with Flet's client and the Pyodide runtime.
"""
