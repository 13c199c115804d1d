// SPDX-License-Identifier: Apache-2.0
// What the page asks of the gateway. Changes need the token, which is kept in memory alone and goes
// in a header, never in an address; where reading needs it too, the browser itself asks for it.

let token = '';
export const hasToken = () => token !== '';
export function setToken(given) {
  token = given.trim();
}

export class Refusal extends Error {
  constructor(status, answer) {
    super(answer?.error ?? answer?.problems?.[0]?.message ?? `HTTP ${status}`);
    this.status = status;
    this.problems = answer?.problems ?? [];
  }
}

async function answerOf(response) {
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

export const ask = async (path) => answerOf(await fetch(path));

export const query = (path, values) => `${path}?${new URLSearchParams(values)}`;

export async function change(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Authorization': `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (response.status === 401) setToken('');  // the next change asks for it again
  return answerOf(response);
}

// Pictures of many cards are asked for two at a time, so that they never crowd out the page itself.
const waiting = [];
let asking = 0;
export function askGently(path) {
  return new Promise((resolve, reject) => {
    waiting.push({ path, resolve, reject });
    next();
  });
}
function next() {
  if (asking >= 2 || waiting.length === 0) return;
  const { path, resolve, reject } = waiting.shift();
  ++asking;
  ask(path).then(resolve, reject).finally(() => {
    --asking;
    next();
  });
}

// The stream of what is now. Any byte is a sign of life; after QUIET without one it is begun again.
const QUIET = 15000;
const PAUSE = 2000;

export function follow({ onNow, onLife, onLoss }) {
  const listen = async () => {
    const begun = performance.now();
    let pause = PAUSE;
    const controller = new AbortController();
    let timer = setTimeout(() => controller.abort(), QUIET);
    try {
      const response = await fetch('/api/v1/events', { signal: controller.signal });
      if (!response.ok) throw new Refusal(response.status, await response.json().catch(() => null));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        clearTimeout(timer);
        timer = setTimeout(() => controller.abort(), QUIET);
        onLife();
        text += value.replaceAll('\r', '');
        const events = text.split('\n\n');
        text = events.pop();
        for (const event of events) {
          const data = event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim());
          if (data.length > 0) onNow(JSON.parse(data.join('\n')));
        }
      }
      // The gateway ends a stream after an hour; one that ends at once is a loss.
      if (performance.now() - begun > QUIET) pause = 0;
      else onLoss(null);
    } catch (error) {
      onLoss(error);
    } finally {
      clearTimeout(timer);
    }
    setTimeout(listen, pause);
  };
  listen();
}
