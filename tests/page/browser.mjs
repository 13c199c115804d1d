// SPDX-License-Identifier: Apache-2.0
// A browser that does what it is told: one JSON command a line on standard input, one JSON answer a line.
// What goes wrong meanwhile (console errors, requests to others) is remembered and asked for.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const WAIT = 30000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});
let context = null;
let page = null;
let wrong = [];
const asked = new Set();  // requests without their answer

const commands = {
  // A fresh window. `base`: the only address that may be asked.
  async window({ base, width = 1280, height = 800, scheme = 'light', locale = 'en-GB' }) {
    await context?.close();
    wrong = [];
    context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale, baseURL: base });
    context.setDefaultTimeout(WAIT);
    page = await context.newPage();
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => wrong.push(`exception: ${error.message}`));
    asked.clear();
    const isOver = (request) => asked.delete(request);
    page.on('request', (request) => request.url().endsWith('/events') || asked.add(request));
    page.on('requestfinished', isOver);
    page.on('requestfailed', isOver);
    page.on('request', (request) => request.url().startsWith(base) || request.url().startsWith('blob:') || wrong.push(`foreign: ${request.url()}`));
  },
  open: ({ path }) => page.goto(path).then(() => null),
  offline: ({ is }) => context.setOffline(is),
  wait: ({ selector, state = 'visible' }) => page.waitForSelector(selector, { state }).then(() => null),
  text: ({ selector }) => page.locator(selector).first().innerText(),
  texts: ({ selector }) => page.locator(selector).allInnerTexts(),
  click: ({ selector }) => page.locator(selector).first().click(),
  press: ({ key }) => page.keyboard.press(key),
  fill: ({ selector, text }) => page.locator(selector).fill(text),
  choose: ({ selector, value }) => page.locator(selector).selectOption(value).then(() => null),
  // In the page's own world, whose policy forbids nothing to the debugger.
  evaluate: ({ script }) => page.evaluate(script),
  // Every text that an element shows from now on, with the time at which it did and the gateway's own time of
  // what it was made of; asked for as `window.shown`.
  observe: ({ selector }) => page.evaluate((wanted) => {
    window.observer?.disconnect();
    window.shown = [];
    const look = () => {
      const text = document.querySelector(wanted)?.textContent;
      if (text === undefined || window.shown.at(-1)?.text === text) return;
      window.shown.push({ text, at: Date.now(), told: Date.parse(document.querySelector('.life time').dateTime) });
    };
    window.observer = new MutationObserver(look);
    window.observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    look();
  }, selector),
  // Until nothing is asked for any more but the stream of events: what was to be drawn is drawn.
  async quiet() {
    while (asked.size > 0) await page.waitForTimeout(20);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  },
  // Pixels by which the page is wider than its window.
  overflow: () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  async axe() {
    const session = await context.newCDPSession(page);
    await session.send('Runtime.evaluate', { expression: axe });
    const { result } = await session.send('Runtime.evaluate', { expression: 'axe.run()', awaitPromise: true, returnByValue: true });
    return result.value.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
  },
  async download({ selector }) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(selector).click()]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  },
  screenshot: ({ file }) => page.screenshot({ path: file, fullPage: true }).then(() => null),
  wrong: () => wrong.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { is: (await commands[name](values)) ?? null };
  } catch (error) {
    answer = { failed: `${name} ${JSON.stringify(values)}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
