// SPDX-License-Identifier: Apache-2.0
// Stations of both cities on a plain plot of coordinates, with rings of distance.
import { element } from './elements.js';
import { places } from './drawings.js';
import { indexBadge, inkOn, shownIndices } from './indices.js';
import { moment, textOf } from './numbers.js';
import { distance, unitOf } from './now.js';
import { quantityName, say, stationName } from './words.js';

const APART = 300000;  // metres: further than that is another city
const MOST_NAMES = 8;  // have their place beside the marks; the table names all

// Stations near each other, around the gateway or around their own middle.
function groupsOf(stations) {
  const groups = [];
  for (const station of stations) {
    const near = groups.find(([first]) => Math.hypot(first.east_m - station.east_m, first.north_m - station.north_m) < APART);
    if (near) near.push(station);
    else groups.push([station]);
  }
  return groups;
}

const cityOf = (stations) => {
  const feeds = new Set(stations.map((station) => station.feed.split('-')[0]));
  if (feeds.has('hk')) return say('city.hk');
  if (feeds.has('cn')) return say('city.cn-sh');
  return [...new Set(stations.map((station) => station.feed))].join(', ');
};

const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;

export function citiesPage(context) {
  const { now, parameters } = context;
  const quantities = [...new Set(now.stations.flatMap((station) => station.readings.map((reading) => reading.quantity)))]
    .filter((quantity) => quantity !== 'aqhi' && quantity !== 'aqi');
  const asked = parameters.get('quantity');
  const quantity = quantities.includes(asked) ? asked : quantities.includes('pm2_5') ? 'pm2_5' : quantities[0];
  const indices = shownIndices(now);
  const indexOf = (station) => indices.find((index) => index.subject === `${station.feed}--${station.station}`);
  const readingOf = (station) => station.readings.find((reading) => reading.quantity === quantity);
  const valueOf = (station) => {
    const reading = readingOf(station);
    return textOf(Math.abs(reading.value) >= 100 ? { ...reading, decimals: 0 } : reading);
  };
  const measuring = now.stations.filter(readingOf);
  const placed = measuring.filter((station) => station.east_m !== null && station.east_m !== undefined);
  const isOurs = (group) => group.some((station) => Math.hypot(station.east_m, station.north_m) < APART);
  const groups = groupsOf(placed).sort((a, b) => isOurs(b) - isOurs(a));
  const plots = groups.map((group) => {
    const isOwn = isOurs(group);
    const middle = isOwn ? [0, 0] : [average(group.map((s) => s.east_m)), average(group.map((s) => s.north_m))];
    const found = group.map((station) => {
      const colour = indexOf(station)?.colour ?? null;
      return { east: station.east_m - middle[0], north: station.north_m - middle[1], value: valueOf(station), name: group.length <= MOST_NAMES ? stationName(station) : '',
        title: `${stationName(station)}: ${valueOf(station)} ${readingOf(station).unit ?? ''}`, colour, ink: colour ? inkOn(colour) : null };
    });
    if (isOwn) found.push({ east: 0, north: 0, value: '', title: now.gateway.name || now.gateway.id, isOwn: true });
    const city = cityOf(group);
    return element('figure', {}, element('figcaption', {}, element('h2', {}, city)),
      places(found, Math.min(480, document.documentElement.clientWidth - 24), { label: say('places_label', { city }), north: say('north') }),
      element('p', { class: 'faint' }, isOwn ? say('rings_around_gateway') : say('rings_around_middle')));
  });
  const listed = measuring.sort((a, b) => (a.distance_m ?? Infinity) - (b.distance_m ?? Infinity));
  return [
    element('h1', { tabindex: -1 }, say('two_cities')),
    quantities.length > 0 ? element('p', {}, element('label', {}, say('shown'), ' ',
      element('select', { onchange: (event) => context.go(`/cities?quantity=${encodeURIComponent(event.target.value)}`) },
        quantities.map((name) => element('option', { value: name, selected: name === quantity }, quantityName(name)))))) : '',
    plots.length > 0 ? element('div', { class: 'plots' }, plots) : element('p', { class: 'nothing' }, say('no_places')),
    plots.length > 0 ? element('p', { class: 'faint' }, say('colours_are_of_indices')) : '',
    listed.length > 0 ? element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': say('official_stations') }, element('table', {},
      element('thead', {}, element('tr', {}, [[say('column.station')], [quantityName(quantity), 'number'], [say('index')], [say('column.distance'), 'number'], [say('column.until'), 'number']]
        .map(([title, kind]) => element('th', { scope: 'col', class: kind }, title)))),
      element('tbody', {}, listed.map((station) => element('tr', {},
        element('th', { scope: 'row' }, stationName(station)),
        element('td', { class: 'number' }, valueOf(station), ' ', unitOf(readingOf(station))),
        element('td', {}, indexOf(station) ? indexBadge(indexOf(station)) : '–'),
        element('td', { class: 'number' }, station.distance_m === null ? '–' : distance(station.distance_m)),
        element('td', { class: 'number' }, station.end ? moment(station.end) : '–')))))) : element('p', { class: 'nothing' }, say('no_stations')),
  ];
}
