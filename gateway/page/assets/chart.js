// SPDX-License-Identifier: Apache-2.0
// A series over time with Debian's dygraphs: raw with its least and most, corrected, official;
// doubted values shaded, gaps of the ledger hatched. Each shade has a pattern of its own, so that
// none is told by colour alone.
import { decimalsOf, roundStep } from './drawings.js';
import { element } from './elements.js';
import { localMinute, number, utcText, zoneOffset } from './numbers.js';
import { say, sayCode } from './words.js';

// Its legend writes styles into the document, which the page's policy forbids; ours stands below.
const withoutLegend = () => {
  const { Dygraph } = window;
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
  return Dygraph;
};

const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hatch(context, colour, isBack) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift, isBack ? 0 : 8);
    pen.lineTo(shift + 8, isBack ? 8 : 0);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}

// Rows of one time each for dygraphs, [least, value, most] per series; a value stands in the middle of its time.
function rowsOf(lines, gaps) {
  const rows = new Map();
  const row = (ms) => {
    if (!rows.has(ms)) rows.set(ms, lines.map(() => null));
    return rows.get(ms);
  };
  lines.forEach(({ points, width }, at) => {
    let before = null;
    for (const point of points) {
      if (before !== null && width && point.start - before > 1.5 * width) row(before + 1.5 * width)[at] = [NaN, NaN, NaN];
      row(point.start + (width ?? 0) / 2)[at] = point.value === null ? [NaN, NaN, NaN] : [point.least ?? point.value, point.value, point.most ?? point.value];
      before = point.start;
    }
  });
  for (const [from] of gaps) row(from)[0] ??= [NaN, NaN, NaN];
  return [...rows].sort((a, b) => a[0] - b[0]);
}

// As the gateway's clock says: the times were moved to its zone, and days go by number in all languages.
const dateLabel = (date, granularity) => {
  const text = date.toISOString();
  const isDay = granularity >= window.Dygraph.DAILY || text.slice(11, 16) === '00:00';
  return isDay ? text.slice(5, 10) : text.slice(11, 16);
};

const levelLabel = (value, granularity, options, graph) => {
  const [low, high] = graph.yAxisRange();
  return number(value, decimalsOf(roundStep(high - low, 10)));
};

// Draws into `place`; gives what is seen, for the export. `lines`: {name, points, width, colour, dash}.
export function drawChart(place, { lines, gaps, flags, from, to, unit, decimals, label }) {
  const readout = element('p', { class: 'readout', 'aria-live': 'off' }, say('chart_hint'));
  const canvas = element('div', { class: 'chart', role: 'img', 'aria-label': label });
  place.replaceChildren(unit ? element('p', { class: 'axis' }, unit) : '', canvas, readout);
  const shift = zoneOffset();
  const rows = rowsOf(lines, gaps).map(([ms, values]) => [new Date(ms + shift), ...values]);
  if (rows.length === 0) {
    canvas.replaceWith(element('p', { class: 'nothing' }, say('no_values_in_period')));
    return { seen: () => [from, to], destroy() {} };
  }
  const shade = (context, area, graph) => {
    const draw = (start, end, style) => {
      const left = Math.max(graph.toDomXCoord(start + shift), area.x);
      const right = Math.min(graph.toDomXCoord(end + shift), area.x + area.w);
      if (right < area.x || left > area.x + area.w) return;
      context.fillStyle = style;
      context.fillRect(left, area.y, Math.max(right - left, 1), area.h);
    };
    const missing = hatch(context, colourOf('--missing'), false);
    const suspect = colourOf('--suspect-shade');
    const failed = hatch(context, colourOf('--failed'), true);
    for (const [start, end] of gaps) draw(start, end, missing);
    for (const { start, end, flag } of flags) draw(start, end, flag === 4 ? failed : suspect);
  };
  const axis = { axisLabelWidth: 52, gridLineColor: colourOf('--grid'), axisLineColor: colourOf('--faint') };
  const Dygraph = withoutLegend();
  const graph = new Dygraph(canvas, rows, {
    labels: ['time', ...lines.map((line) => line.name)],
    colors: lines.map((line) => colourOf(line.colour)),
    series: Object.fromEntries(lines.map((line) => [line.name, { strokePattern: line.dash ?? null, strokeWidth: line.dash ? 1.5 : 1.8 }])),
    customBars: true,
    fillAlpha: 0.15,
    labelsUTC: true,
    connectSeparatedPoints: true,  // of series with other times; NaN parts a line
    dateWindow: [from + shift, to + shift],
    axes: { x: { ...axis, axisLabelWidth: 56, pixelsPerLabel: 60, axisLabelFormatter: dateLabel }, y: { ...axis, axisLabelFormatter: levelLabel } },
    pointSize: 2.5,  // of one that stands alone
    underlayCallback: shade,
    highlightCallback: (event, x, points) => {
      const ms = x - shift;
      const values = points.filter((point) => Number.isFinite(point.yval))
        .map((point) => `${point.name} ${number(point.yval, decimals)} ${unit}`);
      readout.textContent = [`${localMinute(ms)} (${utcText(ms)})`, ...values].join('  ·  ');
    },
    unhighlightCallback: () => {
      readout.textContent = say('chart_hint');
    },
  });
  return {
    seen: () => graph.xAxisRange().map((x) => x - shift),
    destroy: () => graph.destroy(),
  };
}

export function chartLegend(lines, hasFlags, gaps) {
  const causes = [...new Set(gaps.map((gap) => gap[2]))];
  return element('ul', { class: 'legend' },
    lines.map((line) => element('li', {}, element('span', { class: `swatch ${line.kind}` }), line.name)),
    hasFlags.includes(3) && element('li', {}, element('span', { class: 'swatch suspect' }), say('flag.3')),
    hasFlags.includes(4) && element('li', {}, element('span', { class: 'swatch failed' }), say('flag.4')),
    causes.length > 0 && element('li', {}, element('span', { class: 'swatch missing' }),
      say('gap_of', { causes: causes.map((cause) => sayCode('cause', cause)).join('; ') })));
}
