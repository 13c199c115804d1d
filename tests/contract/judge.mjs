// SPDX-License-Identifier: Apache-2.0
// Independent judges of what is published and of what describes it: ajv of the payloads of a rehearsed
// day, AsyncAPI's own parser of asyncapi.json, the National Library of Medicine's of each unit, and
// sparkplug-payload of a session of Sparkplug B. Each is shown first to find something.
// usage: node judge.mjs CAPTURE, which contract_test.py --write has made
import {readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Parser} from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020.js';
import ucum from '@lhncbc/ucum-lhc';
import sparkplug from 'sparkplug-payload';

const here = dirname(fileURLToPath(import.meta.url));
const sinks = join(here, '../../gateway/sinks');
const read = (name) => JSON.parse(readFileSync(join(sinks, name), 'utf8'));
const schemas = ['payloads.schema.json', 'discovery.schema.json', '../compare/compare.schema.json'].map(read);
const contract = read('asyncapi.json');
const found = [];

function judge(what, problems, fails) {
  if (!fails) problems = [`${what}: nothing is wrong for it, whatever it gets`];
  console.log(problems.length === 0 ? `${what}: good` : `${what}: ${problems.length} findings`);
  found.push(...problems);
}

// ---- the document --------------------------------------------------------------------------------

// The schemas that it names are ajv's, below: it knows draft 07 alone.
async function problemsOf(document) {
  const parser = new Parser();
  const {diagnostics} = await parser.parse(JSON.stringify(document), {source: join(sinks, 'asyncapi.json')});
  return diagnostics.filter(({severity}) => severity < 2).map(({code, message, path}) => `asyncapi.json: ${code}: ${path.join('/')}: ${message}`);
}

function changed(change) {
  const document = structuredClone(contract);
  change(document);
  return document;
}

const spoiled = [
  changed((document) => { document.operations.send_info.action = 'shout'; }),
  changed((document) => { document.operations.send_info.channel.$ref = '#/channels/nowhere'; }),
  changed((document) => { document.components.messages.info.payload.schema.$ref = 'nosuch.schema.json'; }),
  changed((document) => { document.operations.send_info.bindings.mqtt.qos = 7; }),
  changed((document) => { document.components.securitySchemes.password.type = 'handshake'; }),
];
const noticed = await Promise.all(spoiled.map(problemsOf));
noticed.forEach((problems, number) => { if (problems.length === 0) console.log(`asyncapi.json: change ${number + 1} was not noticed`); });
judge('@asyncapi/parser, asyncapi.json', await problemsOf(contract), noticed.every((problems) => problems.length > 0));

// ---- the payloads --------------------------------------------------------------------------------

// Without what leaves room for later versions.
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => {
    if (['unevaluatedProperties', 'additionalProperties'].includes(key) && each === true) return [key, false];
    return [key, key === '$defs' && 'word' in each ? {...closed(each), word: false} : closed(each)];
  }));
}

function validators(all) {
  // What must not be there beside another is named by `required` alone; times are read as people write them.
  const lenient = {strictRequired: false, formats: {'date-time': true}};
  const ajv = new Ajv2020({strict: true, ...lenient, allErrors: true, schemas: all});
  return Object.values(contract.channels).map((channel) => {
    const [message] = Object.values(channel.messages).map(({$ref}) => contract.components.messages[$ref.split('/').at(-1)]);
    const [file, pointer] = message.payload.schema.$ref.split('#');
    const id = `https://twinsky.invalid/${basename(file)}`;
    const validate = pointer ? ajv.compile({$ref: `${id}#${pointer}`}) : ajv.getSchema(id);
    return {
      address: new RegExp(`^${channel.address.replace(/\{\w+\}/g, '[^/]+')}$`),
      problems: (payload) => {
        const content = message.contentType === 'text/plain' ? payload : JSON.parse(payload);
        return validate(content) ? [] : [ajv.errorsText(validate.errors, {separator: '; '}).slice(0, 500)];
      },
    };
  });
}

const captured = readFileSync(process.argv[2], 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
for (const [how, all] of [['as they are published', schemas], ['closed', schemas.map(closed)]]) {
  const channels = validators(all);
  const problemsOfMessage = ({topic, payload}) => {
    const own = channels.filter(({address}) => address.test(topic));
    if (own.length !== 1) return [`${topic}: ${own.length} channels`];
    return own[0].problems(payload).map((problem) => `${topic}: ${problem}`);
  };
  const info = captured.find(({topic}) => topic.endsWith('/info'));
  const wrong = [{...info, topic: `${info.topic}/more`}, {...info, payload: info.payload.replace('"version":"', '"version":7,"was":"')}];
  if (how === 'closed') wrong.push({...info, payload: info.payload.replace('{', '{"more":1,')});
  judge(`ajv, ${captured.length} payloads by the schemas ${how}`, captured.flatMap(problemsOfMessage),
        wrong.every((message) => problemsOfMessage(message).length > 0));
}

// ---- the units -----------------------------------------------------------------------------------

const units = ucum.UcumLhcUtils.getInstance();
const problemOfUnit = (unit) => {
  const {status, msg} = units.validateUnitString(unit);
  return status === 'valid' ? [] : [`${unit}: ${status}: ${msg.join('; ')}`];
};
// A unit test sees to it that the schema has the quantities of the catalogue with their units.
const quantities = Object.values(schemas[0].$defs.values.properties).map(({description}) => /\(UCUM (.*)\)$/.exec(description)?.[1]);
const published = captured.filter(({topic}) => topic.endsWith('/meta'))
  .flatMap(({payload}) => Object.values(JSON.parse(payload).quantities).map(({unit}) => unit));
const every = [...new Set([...quantities.filter(Boolean), ...published])];
judge(`@lhncbc/ucum-lhc, ${every.length} units of ${quantities.filter(Boolean).length} quantities`, every.flatMap(problemOfUnit),
      ['ug/m^3', 'degC', 'µg/m3'].every((unit) => problemOfUnit(unit).length > 0) && every.length > 10);

// ---- Sparkplug B ---------------------------------------------------------------------------------

// What the bytes of the session are by session.json, which tests/daemon/sparkplug.py reads of them, and what
// sparkplug-payload makes of them, in the same form.
const session = (name) => readFileSync(join(here, '../cases/sparkplug', name), 'utf8');
const messages = session('session.txt').trimEnd().split('\n').filter((line) => !line.startsWith('#')).map((line) => {
  const [topic, , , payload] = line.split(' ');
  return {topic, payload: Buffer.from(payload, 'hex')};
});
const types = {3: 'Int32', 4: 'Int64', 10: 'Double', 11: 'Boolean', 12: 'String'};
const valueOf = (each) => each.is_null ? null : each[Object.keys(each).find((key) => key.endsWith('_value'))];
const whole = (number) => number?.toNumber ? number.toNumber() : number;
const metricOf = ({name, alias, timestamp, type, is_historical, value, properties}) =>
  JSON.stringify([name, alias, timestamp, type, is_historical ?? false, value, Object.entries(properties).sort()]);
const expected = JSON.parse(session('session.json')).map(({timestamp, seq, metrics = []}) => [timestamp, seq, ...metrics.map((metric) =>
  metricOf({...metric, type: types[metric.datatype], value: valueOf(metric), properties: Object.fromEntries(
    (metric.properties?.keys ?? []).map((key, place) => [key, [types[metric.properties.values[place].type], valueOf(metric.properties.values[place])]]))}))]);
const decoded = ({payload}) => {
  const {timestamp, seq, metrics} = sparkplug.get('spBv1.0').decodePayload(payload);
  return [whole(timestamp), whole(seq), ...metrics.map((metric) => metricOf({
    name: metric.name, alias: whole(metric.alias), timestamp: whole(metric.timestamp), type: metric.type, is_historical: metric.isHistorical,
    value: whole(metric.value), properties: Object.fromEntries(Object.entries(metric.properties ?? {}).map(([key, {type, value}]) => [key, [type, whole(value)]]))}))];
};
const problemsOfSession = (all) => all.flatMap((message, place) => {
  const one = decoded(message).map(String);
  const other = expected[place].map(String);
  return JSON.stringify(one) === JSON.stringify(other) ? [] : [`${message.topic}: ${one.find((each, at) => each !== other[at]) ?? 'shorter'}`];
});
const turned = messages.map(({topic, payload}) => ({topic, payload: Buffer.from([...payload.subarray(0, -1), payload.at(-1) ^ 1])}));
judge(`sparkplug-payload, ${messages.length} messages of a session`, messages.length === expected.length ? problemsOfSession(messages) : ['session.json has others'],
      problemsOfSession(turned).length === messages.length);

found.slice(0, 20).forEach((problem) => console.log(problem));
process.exit(found.length > 0 ? 1 : 0);
