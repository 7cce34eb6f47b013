/* Python for a page: a worker that is made when it is first needed, judges one answer at a time, and
   is ended when that takes too long. What comes from it is not trusted: an answer has run there. */

import { isRecord } from "./parts.js";

const OUTCOMES = ["passed", "not-yet", "raised", "not-attempted"];
const LONGEST = 5000; // characters of any text in a verdict
const WORKER = new URL("python_worker.js", import.meta.url).href;
const BOOK = new URL("../mtl_lessons/", import.meta.url).href;
/* A blob, since such a worker has the policy of its page: it asks no other host for anything. One
   that is a file of the site would have no policy. */
const SOURCE = `import(${JSON.stringify(WORKER)}).catch(() => postMessage({ kind: "unavailable" }));`;
const ADDRESS = URL.createObjectURL(new Blob([SOURCE], { type: "text/javascript" }));

const isText = (value) => typeof value === "string" && value.length <= LONGEST;
const isVerdict = (verdict) =>
  isRecord(verdict) &&
  OUTCOMES.includes(verdict.outcome) &&
  isText(verdict.key) &&
  isText(verdict.printed) &&
  Number.isInteger(verdict.line) &&
  isRecord(verdict.facts) &&
  Object.values(verdict.facts).every(isText);

export const canRun = () =>
  typeof WebAssembly === "object" &&
  typeof Worker === "function" &&
  typeof DecompressionStream === "function";

export class Python {
  /* `folder`: that of Pyodide, of `bytes`; `files` and `packages`: those of the book's own modules;
     `megabytes` and `seconds`: what an answer may take. `hears(state, bytes)` is told "loading" with
     the bytes that have come, "starting", and "running". */
  constructor({ folder, bytes, files, packages, megabytes, seconds }, hears) {
    const pyodide = new URL(`../${folder}/`, import.meta.url).href;
    this.place = { pyodide, book: BOOK, files, packages, megabytes };
    Object.assign(this, { bytes, seconds, hears, worker: null, ready: false });
  }

  /* The verdict on `request`, or {outcome} alone: "hung", "stopped", "broken" or "unavailable". */
  judge(request) {
    return new Promise((done) => {
      this.request = request;
      this.done = done;
      if (this.ready) this.ask();
      else this.start();
    });
  }

  start() {
    this.hears("loading", 0);
    try {
      this.worker = new Worker(ADDRESS, { type: "module" });
    } catch {
      return this.end("unavailable");
    }
    const { worker } = this;
    worker.onmessage = ({ data }) => worker === this.worker && this.heard(data);
    worker.onerror = () => worker === this.worker && this.end("unavailable");
  }

  heard(message) {
    const kind = isRecord(message) ? message.kind : "";
    if (kind === "begun" && !this.ready) this.worker.postMessage(this.place);
    else if (kind === "loaded" && !this.ready && message.bytes < this.bytes)
      this.hears("loading", message.bytes);
    else if (kind === "loaded" && !this.ready) this.hears("starting");
    else if (kind === "ready" && !this.ready) {
      this.ready = true;
      this.ask();
    } else if (kind === "verdict" && this.ready && isVerdict(message.verdict))
      this.tell(message.verdict);
    else this.end(this.ready ? "broken" : "unavailable");
  }

  ask() {
    this.hears("running");
    this.worker.postMessage(this.request);
    this.timer = setTimeout(() => this.end("hung"), 1000 * this.seconds);
  }

  tell(verdict) {
    clearTimeout(this.timer);
    const { done } = this;
    this.done = null;
    // memory that Python has taken, it keeps
    if (verdict.facts?.kind === "MemoryError") this.drop();
    done?.(verdict);
  }

  /* Ends the worker; the next answer gets a new one. */
  end(outcome) {
    this.drop();
    this.tell({ outcome });
  }

  stop() {
    if (this.done) this.end("stopped");
  }

  drop() {
    this.worker?.terminate();
    this.worker = null;
    this.ready = false;
  }
}
