// A WeChat callback server built on npm `wechat` and express: what a simulated platform must be
// able to talk to. Prints {"port": n} once it listens, then each message it read as one JSON line.
'use strict';

const express = require('express');
const wechat = require('wechat');

const config = {
  token: process.env.WECHAT_TOKEN,
  appid: process.env.WECHAT_APP_ID,
  encodingAESKey: process.env.WECHAT_AES_KEY,
};

function replyTo(message) {
  switch (message.MsgType) {
    case 'text':
      return message.Content === '不用回' ? '' : `收到:${message.Content}`;
    case 'voice':
      return `语音 ${message.MediaId} ${message.MediaId16K} ${message.Format}`;
    case 'event':
      return `${message.Event} ${message.EventKey || ''}`.trim();
    default:
      return message.MsgType;
  }
}

const app = express();
app.use(
  '/callback',
  wechat(config, (req, res) => {
    process.stdout.write(JSON.stringify({ message: req.weixin }) + '\n');
    res.reply(replyTo(req.weixin));
  }),
);

const server = app.listen(0, '127.0.0.1', () => {
  process.stdout.write(JSON.stringify({ port: server.address().port }) + '\n');
});
