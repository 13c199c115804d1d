// SPDX-License-Identifier: Apache-2.0
// What the page says, in the reader's language. A language is one JSON file; all have the same keys.

export const LANGUAGES = { 'en': 'English', 'zh-Hant': '繁體中文', 'zh-Hans': '简体中文' };
const REMEMBERED = 'twinsky-language';

let words = {};
let chosen = 'en';

function preferred() {
  const remembered = localStorage.getItem(REMEMBERED);
  if (remembered in LANGUAGES) return remembered;
  for (const wanted of navigator.languages ?? []) {
    if (/^zh-(Hant|TW|HK|MO)/i.test(wanted)) return 'zh-Hant';
    if (/^zh/i.test(wanted)) return 'zh-Hans';
    if (/^en/i.test(wanted)) return 'en';
  }
  return 'en';
}

export async function loadWords(language = preferred()) {
  const answer = await fetch(`/assets/${language}.json`);
  words = await answer.json();
  chosen = language;
  document.documentElement.lang = language;
}

export async function chooseLanguage(language) {
  localStorage.setItem(REMEMBERED, language);
  await loadWords(language);
}

export const language = () => chosen;

export const isSaid = (key) => key in words;

// "{name}" in the text is replaced by that value. A blank parts Chinese from other letters, not from Chinese.
export function say(key, values = {}) {
  const text = (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  return chosen === 'en' ? text : text.replace(/(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])/g, '');
}

// A code of the gateway in words; never the bare code.
export function sayCode(kind, code, values = {}) {
  const key = `${kind}.${code}`;
  return isSaid(key) ? say(key, values) : say('unknown_code', { code });
}

// A quantity in words, "PM2.5"; one that this page does not know goes by its name.
export function quantityName(quantity) {
  const corrected = quantity.endsWith('_corrected');
  const key = `quantity.${corrected ? quantity.slice(0, -'_corrected'.length) : quantity}`;
  const name = isSaid(key) ? say(key) : quantity;
  return corrected ? say('corrected_of', { name }) : name;
}

// One of the three names that stations have.
export function stationName(station) {
  const name = { 'en': station.name_en, 'zh-Hant': station.name_tc, 'zh-Hans': station.name_sc }[chosen];
  return name || station.name_en || station.station;
}

// What is compared with what: {sensor, quantity, feed, station} and the stations that are known.
export function comparisonName(comparison, stations) {
  const { sensor, quantity, feed, station } = comparison;
  const known = stations.find((each) => each.feed === feed && each.station === station);
  return say('compared_with', { sensor, quantity: quantityName(quantity), station: known ? stationName(known) : `${feed}/${station}` });
}
