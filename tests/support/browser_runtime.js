// The worker the tests run in: begun as app/device/browser/page/python-worker.js begins, with pytest in the program's place.
import { loadPyodide } from './pyodide/pyodide.mjs';
import { Disk } from './disk.js';
import * as vault from './vault.js';

const HOME = '/home/pyodide';

const RUN = `
import inspect, os, sys
sys.path[:0] = ["${HOME}/__pypackages__", "${HOME}"]
os.chdir("${HOME}")
import pytest
from pyodide.ffi import run_sync
from waifang_tests import paths

class Waits:
    """A test that waits is waited for by the browser's loop."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        generated = getattr(pyfuncitem.obj, "hypothesis", None)
        if generated is not None and inspect.iscoroutinefunction(generated.inner_test):
            inner = generated.inner_test
            generated.inner_test = lambda *args, **named: run_sync(inner(*args, **named))
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        given = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        run_sync(pyfuncitem.obj(**given))
        return True

asked = ["-rfEs", "-p", "no:cacheprovider", "-W", "error", "--capture=no", "--rootdir", ".", *paths.to_py()]
int(pytest.main(asked, plugins=[Waits()]))
`;

async function unpack(pyodide, name) {
  const content = await (await fetch(name)).arrayBuffer();
  pyodide.unpackArchive(content, 'tar', { extractDir: HOME });
}

// `branch`: one that listens at this page's own address, with the code of an officer's phone and its recovery key.
onmessage = async ({ data: { paths, branch } }) => {
  try {
    const say = (line) => {
      postMessage(line);
      if (line.startsWith('Pyodide has suffered a fatal error')) postMessage(3); // nothing runs there any more
    };
    const pyodide = await loadPyodide({ indexURL: '/pyodide/', stdout: say, stderr: say });
    await unpack(pyodide, '/app.tar');
    await unpack(pyodide, '/tests.tar');
    const disk = await Disk.mount(pyodide.FS, '/data');
    pyodide.registerJsModule('waifang_page', { disk, vault, shell: { tell() {} }, address: branch.url });
    pyodide.registerJsModule('waifang_tests', { paths, branch });
    postMessage(await pyodide.runPythonAsync(RUN));
  } catch (error) {
    postMessage(String(error));
    postMessage(3);
  }
};
