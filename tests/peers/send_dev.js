// Sends patients' messages to a WeChat callback the way the platform does, with npm `wechat-crypto`
// doing the encryption: every message twice with the same MsgId, as WeChat does when it is unsure.
//
// stdin:  one {"id", "text", "openid"} a line; with "event" (the XML after MsgType) instead of "text"
//         it is an event, which has no MsgId
// stdout: one {"id", "msg_id", "copy", "status", "ms", "body"} a line and sending; `body` is the
//         decrypted passive reply, the body as it came when it was not encrypted, or the reason
//         when there was no answer (status 0)
// env:    CALLBACK_URL WECHAT_TOKEN WECHAT_AES_KEY WECHAT_APP_ID, and optionally
//         WECHAT_ACCOUNT_ID (gh_…), COPIES (2), CONCURRENCY (4), TOGETHER=1 (copies at once)
'use strict';

const readline = require('node:readline');
const WXBizMsgCrypt = require('wechat-crypto');

const TIMEOUT_MS = 5000;
const env = process.env;
const account = env.WECHAT_ACCOUNT_ID || 'gh_000000000001';
const copies = Number(env.COPIES || 2);
const concurrency = Number(env.CONCURRENCY || 4);
const cryptor = new WXBizMsgCrypt(env.WECHAT_TOKEN, env.WECHAT_AES_KEY, env.WECHAT_APP_ID);
const firstMsgId = BigInt(Date.now()) * 1000000n;

const cdata = (text) => `<![CDATA[${text.split(']]>').join(']]]]><![CDATA[>')}]]>`;
const seconds = () => String(Math.floor(Date.now() / 1000));

function messageXml(message, msgId) {
  if (message.event !== undefined) {
    return (
      `<xml><ToUserName>${cdata(account)}</ToUserName>` +
      `<FromUserName>${cdata(message.openid)}</FromUserName>` +
      `<CreateTime>${message.at || seconds()}</CreateTime>` +
      `<MsgType>${cdata('event')}</MsgType>${message.event}</xml>`
    );
  }
  return (
    `<xml><ToUserName>${cdata(account)}</ToUserName>` +
    `<FromUserName>${cdata(message.openid)}</FromUserName>` +
    `<CreateTime>${seconds()}</CreateTime><MsgType>${cdata('text')}</MsgType>` +
    `<Content>${cdata(message.text)}</Content><MsgId>${msgId}</MsgId></xml>`
  );
}

function request(message, msgId) {
  const encrypt = cryptor.encrypt(messageXml(message, msgId));
  const timestamp = seconds();
  const nonce = String(Math.floor(Math.random() * 1e10));
  const url = new URL(env.CALLBACK_URL);
  const query = {
    signature: cryptor.getSignature(timestamp, nonce, ''),
    timestamp,
    nonce,
    openid: message.openid,
    encrypt_type: 'aes',
    msg_signature: cryptor.getSignature(timestamp, nonce, encrypt),
  };
  Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
  const body = `<xml><ToUserName>${cdata(account)}</ToUserName><Encrypt>${cdata(encrypt)}</Encrypt></xml>`;
  return { url, body };
}

function readable(body) {
  const encrypted = /<Encrypt>(?:<!\[CDATA\[)?([^<\]]+)/.exec(body);
  return encrypted ? cryptor.decrypt(encrypted[1]).message : body;
}

async function send(message, msgId, copy) {
  const { url, body } = request(message, msgId);
  const started = process.hrtime.bigint();
  const outcome = { id: message.id, msg_id: String(msgId), copy };
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    outcome.status = response.status;
    outcome.body = readable(text);
  } catch (error) {
    outcome.status = 0;
    outcome.body = String(error.cause ? error.cause.code : error.name);
  }
  outcome.ms = Number(process.hrtime.bigint() - started) / 1e6;
  process.stdout.write(JSON.stringify(outcome) + '\n');
}

async function sendCopies(message, msgId) {
  const numbers = Array.from({ length: copies }, (_, index) => index + 1);
  if (env.TOGETHER === '1') {
    await Promise.all(numbers.map((copy) => send(message, msgId, copy)));
    return;
  }
  for (const copy of numbers) {
    await send(message, msgId, copy);
  }
}

async function main() {
  const messages = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (line.trim()) messages.push(JSON.parse(line));
  }
  let next = 0;
  const sender = async () => {
    while (next < messages.length) {
      const index = next++;
      await sendCopies(messages[index], firstMsgId + BigInt(index));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
}

main();
