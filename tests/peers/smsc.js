// A carrier's SMS centre, on npm `smpp`: takes whoever binds, answers every submit_sm, sends receipts,
// and brings in messages from phones.
//
// env:    PORT (0: any)
// stdout: {"port"} once it listens; {"bound": command}; {"submit": {id, from, to, text, parts, data_coding,
//         validity}} for each whole message, its parts joined
// stdin:  {"receipts": {"stat", "err", "after", "copies"}}   what becomes of messages from now on
//         {"receipt": {"id", "from", "to", "stat", "err"}}   a receipt by hand, for any id
//         {"refuse": status, "times": n}                     answers to the next submits, 0 to 255
//         {"deliver": {"from", "to", "text" or "hex", "coding", "parts"}}   a phone writes; `parts`: in
//                                                            pieces; `hex`: bytes of some charset
'use strict';

const readline = require('node:readline');
const smpp = require('smpp');

const UDH = smpp.ESM_CLASS.UDH_INDICATOR;
const sessions = new Set();
const pieces = new Map();
let receipts = { stat: 'DELIVRD', err: '000', after: 30, copies: 1 };
let refused = { status: 0, times: 0 };
let lastId = Date.now();

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');
const newId = () => (lastId++).toString(16);

function receipt({ id, from, to, stat, err }) {
  const at = new Date().toISOString().replace(/\D/g, '').slice(2, 12);
  const text =
    `id:${id} sub:001 dlvrd:${stat === 'DELIVRD' ? '001' : '000'} ` +
    `submit date:${at} done date:${at} stat:${stat} err:${err || '000'} text:`;
  send({ source_addr: to, destination_addr: from, esm_class: 4, short_message: text });
}

// China's carriers name a number by its country: TON 1 is what makes Kannel write the plus.
function send(pdu) {
  const types = { source_addr_ton: 1, source_addr_npi: 1, dest_addr_ton: 0, dest_addr_npi: 1 };
  const [first] = sessions;
  if (first) first.deliver_sm({ ...types, ...pdu });
}

function deliver({ from, to, text, hex, coding = 8, parts = 1 }) {
  const base = { source_addr: from, destination_addr: to, data_coding: coding };
  if (hex) return send({ ...base, short_message: Buffer.from(hex, 'hex') });
  if (parts === 1) return send({ ...base, short_message: { message: text } });
  const size = Math.ceil(text.length / parts);
  for (let seq = 1; seq <= parts; seq++) {
    const message = text.slice((seq - 1) * size, seq * size);
    const udh = Buffer.from([5, 0, 3, 77, parts, seq]);
    send({ ...base, esm_class: UDH, short_message: { udh, message } });
  }
}

// The text once its last part is there; the parts as they came show where it was cut.
function joined(pdu) {
  const { udh, message } = pdu.short_message;
  const header = (udh || []).find((element) => element[0] === 0);
  if (!header) return [message];
  const [, , reference, total, seq] = header;
  const key = `${pdu.destination_addr} ${reference}`;
  const parts = pieces.get(key) || [];
  parts[seq - 1] = message;
  pieces.set(key, parts);
  if (parts.filter((part) => part !== undefined).length < total) return null;
  pieces.delete(key);
  return parts;
}

function take(session, pdu) {
  if (refused.times > 0) {
    refused.times -= 1;
    return session.send(pdu.response({ command_status: refused.status }));
  }
  const id = newId();
  session.send(pdu.response({ message_id: id }));
  const { source_addr: from, destination_addr: to, data_coding, validity_period } = pdu;
  const parts = joined(pdu);
  if (parts) {
    say({ submit: { id, from, to, text: parts.join(''), parts, data_coding, validity: validity_period } });
  }
  const { copies, after, ...word } = receipts;
  for (let copy = 0; copy < copies; copy++) {
    setTimeout(() => receipt({ id, from, to, ...word }), after);
  }
}

const server = smpp.createServer((session) => {
  session.on('pdu', (pdu) => {
    if (pdu.command.startsWith('bind_')) {
      session.send(pdu.response());
      if (pdu.command !== 'bind_transmitter') sessions.add(session);
      say({ bound: pdu.command });
    } else if (pdu.command === 'submit_sm') {
      take(session, pdu);
    } else if (pdu.command === 'enquire_link' || pdu.command === 'unbind') {
      session.send(pdu.response());
    }
  });
  session.on('close', () => sessions.delete(session));
  session.on('error', () => sessions.delete(session));
});

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line);
  if (command.receipts) receipts = { ...receipts, ...command.receipts };
  if (command.receipt) receipt(command.receipt);
  if (command.refuse !== undefined) refused = { status: command.refuse, times: command.times || 1 };
  if (command.deliver) deliver(command.deliver);
});

server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => say({ port: server.address().port }));
