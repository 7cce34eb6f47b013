/* In place of worker.js where the publisher does without it: who has one of an earlier build loses it, with all that it kept. */

async function leave() {
  const own = `mtl-book ${self.registration.scope} `;
  for (const name of await caches.keys()) if (name.startsWith(own)) await caches.delete(name);
  await self.registration.unregister();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(leave()));
