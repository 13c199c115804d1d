// SPDX-License-Identifier: Apache-2.0
// An index in the colour that its authority gives it, with the word of its band beside it.
import { element } from './elements.js';
import { textOf } from './numbers.js';
import { isSaid, quantityName, say, sayCode } from './words.js';

// Black or white, whichever is read more easily on it (contrast as WCAG reckons it).
export function inkOn(colour) {
  const channels = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
  return light > 0.179 ? '#000000' : '#ffffff';
}

// Who names its bands: authorities use one word for different things.
const authorityOf = (index) => (index.edition ?? (index.name === 'aqhi' ? 'hk' : 'cn')).slice(0, 2);

export const indexName = (index) => (isSaid(`edition.${index.edition}`) ? say(`edition.${index.edition}`) : say(`quantity.${index.name}`));

// One for each subject, its own first and then the nearest stations: what an authority printed goes
// before what this gateway has reckoned of the same station.
export function shownIndices({ indices, stations }) {
  const bySubject = new Map();
  for (const index of indices) {
    const other = bySubject.get(index.subject);
    if (!other || (index.official && !other.official) || (other.value === null && index.value !== null)) bySubject.set(index.subject, index);
  }
  const distances = new Map(stations.map((station) => [`${station.feed}--${station.station}`, station.distance_m ?? Infinity]));
  const order = (index) => (index.subject === 'own' ? -1 : distances.get(index.subject) ?? Infinity);
  return [...bySubject.values()].sort((a, b) => order(a) - order(b) || 0);
}

export const mainOf = (index) => (index.main ?? '').split(' ').filter(Boolean).map(quantityName).join(', ');

export function indexBadge(index) {
  const style = index.colour ? { background: index.colour, color: inkOn(index.colour) } : {};
  return element('span', { class: 'index', style },
    element('b', {}, textOf({ ...index, decimals: 0 })), ' ',
    index.band ? sayCode(`band.${authorityOf(index)}`, index.band) : '');
}
