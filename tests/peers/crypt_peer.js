// Encrypts, decrypts and signs with two libraries nobody here wrote. One JSON request a line on
// stdin, one JSON answer a line on stdout.
'use strict';

const readline = require('node:readline');
const WXBizMsgCrypt = require('wechat-crypto');
const wecom = require('@wecom/crypto');

const libraries = {
  'wechat-crypto': (r) => {
    const cryptor = new WXBizMsgCrypt(r.token, r.key, r.id);
    return {
      encrypt: (text) => cryptor.encrypt(text),
      decrypt: (cipher) => cryptor.decrypt(cipher),
      sign: (cipher) => cryptor.getSignature(r.timestamp, r.nonce, cipher),
    };
  },
  '@wecom/crypto': (r) => ({
    encrypt: (text) => wecom.encrypt(r.key, text, r.id),
    decrypt: (cipher) => wecom.decrypt(r.key, cipher),
    sign: (cipher) => wecom.getSignature(r.token, r.timestamp, r.nonce, cipher),
  }),
};

function answer(request) {
  const library = libraries[request.library](request);
  if (request.text !== undefined) {
    const cipher = library.encrypt(request.text);
    return { cipher, signature: library.sign(cipher) };
  }
  const { message, id } = library.decrypt(request.cipher);
  return { text: message, id, signature: library.sign(request.cipher) };
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + '\n');
});
