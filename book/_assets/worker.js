/* The book without a network: the service worker of the site. When it is built, mtl_book/offline.py puts before it what it knows of
   the build: BUILD = {edition, shell: addresses that are kept from the start, folders: those whose names tell the version}.

   What is kept is in one cache, whose name tells the site and the edition. Pages and data come from the network, and from the cache
   where there is none or it is slow. What has an address of its own content, which never changes, comes from the cache. A large
   file, in a folder such as `_static/name@1.2/`, is kept when it is first used, and not before.

   A new edition takes over at once: it fetches anew what the old one had, deletes the old cache, and asks no page to do anything;
   offline.js tells a reader whose page is older. Where the cache is gone, its reader has switched this off: all goes to the network. */

const PATIENCE = 4_000; // ms for which a reader waits who has a copy
const SCOPE = self.registration.scope;
const OWN = `mtl-book ${SCOPE} `;
const CACHE = OWN + BUILD.edition;
const DOWNLOAD = /\.(apkg|epub|ipynb|pdf|whl)$/; // is the reader's to keep
const PIECE = /\/pagefind\/.*\.pf_\w+$/; // of the search's index, named by a hash

/* Whether an address means the same for ever. */
function isFixed({ pathname, search, href }) {
  const isVersioned = BUILD.folders.some((folder) => href.startsWith(SCOPE + folder));
  return isVersioned || search.startsWith("?v=") || PIECE.test(pathname);
}

/* The address under which something is kept: what follows "?" asks the same page, unless it tells a version. */
function keyOf(address) {
  const url = new URL(address, SCOPE);
  url.hash = "";
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  if (!url.search.startsWith("?v=")) url.search = "";
  return url;
}

/* The cache, null where it has been deleted: `open` would make it again. */
const opened = async () => ((await caches.has(CACHE)) ? caches.open(CACHE) : null);

const isWhole = (answer) => answer.status === 200 && answer.type === "basic" && !answer.redirected;

/* From the network, and kept. */
async function fetched(event, key, cache) {
  const answer = await fetch(event.request);
  if (cache && isWhole(answer)) {
    const put = cache.put(key, answer.clone());
    event.waitUntil(put.catch(() => {})); // no room: it is read all the same
  }
  return answer;
}

/* What comes in place of what is not kept. */
function missing({ mode }, key) {
  if (mode !== "navigate") return Response.error();
  const wanted = encodeURIComponent(key.href.slice(SCOPE.length));
  return Response.redirect(`${SCOPE}offline.html?for=${wanted}`);
}

async function answerTo(event, key) {
  const cache = await opened();
  const kept = await cache?.match(key);
  if (kept && isFixed(key)) return kept;
  const coming = fetched(event, key, cache);
  event.waitUntil(coming.catch(() => {})); // also if the reader does not wait for it
  const found = coming.catch(() => kept ?? missing(event.request, key));
  if (!kept) return found;
  const late = new Promise((done) => setTimeout(done, PATIENCE, kept));
  return Promise.race([found, late]);
}

self.addEventListener("fetch", (event) => {
  const { method, url, headers } = event.request;
  const key = keyOf(url);
  if (method !== "GET" || headers.has("range")) return;
  if (!url.startsWith(SCOPE) || DOWNLOAD.test(key.pathname)) return;
  event.respondWith(answerTo(event, key));
});

/* ---- a new edition ---- */

const older = async () =>
  (await caches.keys()).filter((name) => name.startsWith(OWN) && name !== CACHE);

/* Keeps what lies at an address; what is fixed may be in an older cache. */
async function bring(cache, key) {
  const had = isFixed(key) && (await caches.match(key));
  const answer = had || (await fetch(key, { cache: "no-cache" }));
  if (!answer.ok) throw new Error(`${key}: expected 200, found ${answer.status}`);
  await cache.put(key, answer);
}

/* What an older edition has beyond the shell: pages are fetched anew, one that is gone is dropped; large files stay. */
async function carry(cache, old) {
  for (const { url } of await old.keys()) {
    const key = new URL(url);
    const isLarge = BUILD.folders.some((folder) => url.startsWith(SCOPE + folder));
    const isPage = key.pathname.endsWith(".html");
    if ((isLarge || isPage) && !(await cache.match(key))) await bring(cache, key).catch(() => {});
  }
}

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(BUILD.shell.map((address) => bring(cache, keyOf(address))));
  for (const name of await older()) await carry(cache, await caches.open(name));
  await self.skipWaiting();
}

async function activate() {
  for (const name of await older()) await caches.delete(name);
  await self.clients.claim();
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

/* A page asks which edition is the newest. */
self.addEventListener("message", ({ source }) => source.postMessage({ edition: BUILD.edition }));
