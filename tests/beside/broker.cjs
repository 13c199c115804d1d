// SPDX-License-Identifier: Apache-2.0
// aedes as a broker of MQTT 3.1.1 with all in memory, as it is by itself.
//   node broker.cjs PORT WATCHER
// Its sessions end with it. So that a subscriber can have everything over a restart all the same, nobody's CONNECT is
// answered before the client WATCHER has subscribed.
const { createServer } = require('node:net');
const aedes = require('aedes');

const [port, watcher] = process.argv.slice(2);
const broker = aedes();
let waiting = [];
broker.preConnect = (client, packet, done) => {
  if (waiting && packet.clientId !== watcher) waiting.push(done);
  else done(null, true);
};
broker.on('subscribe', (subscriptions, client) => {
  if (!waiting || client.id !== watcher) return;
  for (const done of waiting) done(null, true);
  waiting = undefined;
});
createServer(broker.handle).listen(Number(port), '127.0.0.1');
