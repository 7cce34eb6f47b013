/* Python, in a worker of a drill's page (python.js has the other side). It loads Pyodide and the
   book's own modules, then cuts itself off from all but the page, and judges answers one by one.

   What it is told: first {pyodide, book, files, packages, megabytes}, where all this lies; then for
   each answer {name, answer, source, texts}. What it tells: {kind: "begun"}, {kind: "loaded", bytes},
   {kind: "ready"}, {kind: "verdict", verdict}, {kind: "broken"}. */

const tell = self.postMessage.bind(self);
const PAGE = 65_536; // bytes by which WebAssembly counts memory
const FOLDER = "/book";
const BEGIN = `
import sys
sys.path.append("${FOLDER}")
from mtl_lessons.drills import browser
browser.close_bridge()
browser.judged`;

/* All that stays within reach once Python is loaded: the language, and what Python needs to run. */
const KEPT = new Set(
  `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol
   Date Promise RegExp Error AggregateError EvalError RangeError ReferenceError SuppressedError
   SyntaxError TypeError URIError globalThis JSON Math Intl ArrayBuffer SharedArrayBuffer Atomics
   Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float16Array Float32Array
   Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap
   WeakSet WeakRef FinalizationRegistry Proxy Reflect Iterator isFinite isNaN decodeURI
   decodeURIComponent encodeURI encodeURIComponent escape unescape eval constructor
   WebAssembly console performance crypto TextDecoder TextEncoder setTimeout clearTimeout`.split(
    /\s+/,
  ),
);

/* Memory that grows beyond a size is refused, which Python tells as a MemoryError. */
function boundMemory(megabytes) {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * PAGE > megabytes * 2 ** 20)
      throw new RangeError(`memory: expected at most ${megabytes} MB`);
    return grow.call(this, pages);
  };
}

/* Pyodide's requests: counted, and what was packed is unpacked. */
function countRequests() {
  const load = self.fetch.bind(self);
  let bytes = 0;
  const count = () =>
    new TransformStream({
      transform(part, out) {
        bytes += part.length;
        tell({ kind: "loaded", bytes });
        out.enqueue(part);
      },
    });
  self.fetch = async (asked) => {
    const address = String(asked.url ?? asked);
    const packed = address.endsWith(".wasm");
    const answer = await load(packed ? `${address}.packed` : address);
    if (!answer.ok) throw new Error(`${address}: expected 200, found ${answer.status}`);
    const counted = answer.body.pipeThrough(count());
    return packed
      ? new Response(counted.pipeThrough(new DecompressionStream("gzip")), {
          headers: { "Content-Type": "application/wasm" },
        })
      : new Response(counted);
  };
  return load;
}

async function begin({ pyodide, book, files, packages, megabytes }) {
  boundMemory(megabytes);
  const load = countRequests();
  const sources = Promise.all(
    files.map(async (file) => {
      const answer = await load(new URL(file, book));
      if (!answer.ok) throw new Error(`${file}: expected 200, found ${answer.status}`);
      return [file, await answer.text()];
    }),
  );
  const { loadPyodide } = await import(new URL("pyodide.mjs", pyodide));
  const python = await loadPyodide({
    indexURL: pyodide,
    jsglobals: {}, // what Python sees of this worker: nothing
    stdout() {},
    stderr() {},
  });
  for (const folder of packages) {
    const path = `${FOLDER}/mtl_lessons/${folder}`;
    python.FS.mkdirTree(path);
    python.FS.writeFile(`${path}/__init__.py`, "");
  }
  for (const [file, text] of await sources)
    python.FS.writeFile(`${FOLDER}/mtl_lessons/${file}`, text);
  return python.runPython(BEGIN);
}

/* Forgets the network, storage, other tabs and the page itself: no answer finds them. */
function cutOff() {
  let holder = globalThis;
  while (holder !== Object.prototype) {
    for (const name of Reflect.ownKeys(holder))
      if (typeof name === "string" && !KEPT.has(name)) Reflect.deleteProperty(holder, name);
    holder = Object.getPrototypeOf(holder);
  }
}

function answer(judged, request) {
  try {
    tell({ kind: "verdict", verdict: JSON.parse(judged(JSON.stringify(request))) });
  } catch {
    tell({ kind: "broken" }); // Python itself has ended
  }
}

let coming = null; // Python, once the page has said where it lies
self.addEventListener("message", async ({ data }) => {
  if (coming) return answer(await coming, data);
  coming = begin(data);
  try {
    await coming;
    cutOff();
    tell({ kind: "ready" });
  } catch {
    tell({ kind: "unavailable" });
  }
});
tell({ kind: "begun" });
