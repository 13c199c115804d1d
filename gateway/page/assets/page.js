// SPDX-License-Identifier: Apache-2.0
// The frame of all pages: where one is, whether what one sees is alive, in which language.
import { citiesPage } from './cities.js';
import { comparisonPage, leaveComparison } from './comparison.js';
import { configurationPage, leaveConfiguration } from './configuration.js';
import { element, update } from './elements.js';
import { ask, follow } from './gateway.js';
import { leaveLog, logPage } from './log.js';
import { moment, SECOND, setClock } from './numbers.js';
import { nowPage, untilStale } from './now.js';
import { leaveSensor, sensorPage } from './sensor.js';
import { leaveStore, storePage } from './storage.js';
import { chooseLanguage, language, LANGUAGES, loadWords, say } from './words.js';

const PAGES = [
  { path: '/', name: 'now', draw: nowPage },
  { path: '/sensor', name: 'a_sensor', draw: sensorPage, leave: leaveSensor },
  { path: '/comparison', name: 'comparison', draw: comparisonPage, leave: leaveComparison },
  { path: '/cities', name: 'two_cities', draw: citiesPage },
  { path: '/store', name: 'store', draw: storePage, leave: leaveStore },
  { path: '/configuration', name: 'configuration', draw: configurationPage, leave: leaveConfiguration },
  { path: '/log', name: 'log', draw: logPage, leave: leaveLog },
];

let now = null;
let receivedAt = 0;
let isAlive = false;
let refusal = null;
let shown = null;  // the page that is drawn
const dark = matchMedia('(prefers-color-scheme: dark)');

const here = () => PAGES.find((page) => page.path === location.pathname) ?? PAGES[0];

function go(address) {
  const left = here();
  history.pushState(null, '', address);
  redraw();
  if (here() === left) return;
  document.querySelector('h1')?.focus();
  scrollTo(0, 0);
}

function header() {
  return element('header', {},
    element('a', { class: 'skip', href: '#main' }, say('skip')),
    element('p', { class: 'name' }, element('a', { href: '/' }, 'Twinsky'), ' ', element('span', { class: 'faint' }, now?.gateway.id ?? '')),
    element('nav', { 'aria-label': say('pages') }, PAGES.map((page) =>
      element('a', { href: page.path, 'aria-current': page === here() ? 'page' : null }, say(page.name)))),
    element('p', { class: 'life' },
      element('span', { id: 'life', role: 'status', class: isAlive ? 'badge live' : 'badge stale' }, isAlive ? `● ${say('live')}` : `○ ${say('stale')}`), ' ',
      now ? moment(now.time) : '', now && !now.clock_set ? element('span', { class: 'badge stale' }, say('clock_not_set')) : ''),
    element('p', { class: 'language' }, element('label', { for: 'language' }, element('span', { class: 'hidden' }, say('language')), ''),
      element('select', { id: 'language', onchange: async (event) => {
        await chooseLanguage(event.target.value);
        redraw();
      } }, Object.entries(LANGUAGES).map(([code, name]) => element('option', { value: code, lang: code, selected: code === language() }, name)))));
}

function redraw() {
  if (shown !== here()) shown?.leave?.();
  shown = here();
  const context = {
    now, redraw, go,
    parameters: new URLSearchParams(location.search),
    sinceReceived: performance.now() - receivedAt,
    theme: dark.matches ? 'dark' : 'light',
  };
  document.title = `${say(here().name)} · ${now?.gateway.name || now?.gateway.id || 'Twinsky'}`;
  const body = now ? here().draw(context) : element('p', { class: 'faint', role: 'status' }, refusal?.message ?? say('reading'));
  update(document.getElementById('page'), element('div', { id: 'page' }, header(),
    element('main', { id: 'main', 'data-page': here().name }, body),
    element('footer', {}, now ? [`Twinsky ${now.program} · `, say('zone_told', { zone: now.gateway.zone ?? '' }), ' · ', say('charts_by')] : '')));
}

function take(told) {
  now = told;
  setClock(now);
  receivedAt = performance.now();
  isAlive = true;
  refusal = null;
  redraw();
}

function lose(error) {
  const wasAlive = isAlive;
  isAlive = false;
  if (error?.status) refusal = error;
  if (wasAlive || !now) redraw();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.getAttribute('href'));
});
addEventListener('popstate', redraw);
dark.addEventListener('change', redraw);

await loadWords();
redraw();
try {
  take(await ask('/api/v1/now'));
} catch (error) {
  refusal = error;
}
follow({
  onNow: take,
  onLife: () => {
    if (isAlive) return;
    isAlive = true;
    redraw();
  },
  onLoss: lose,
});
// Ages go on while nothing comes, and what is stale is so at once.
function growOlder() {
  if (now && here().path === '/') redraw();
  setTimeout(growOlder, Math.min(SECOND, untilStale(now?.sensors ?? [], performance.now() - receivedAt)));
}
growOlder();
