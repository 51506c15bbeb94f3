// Leads every TLS connection of this process to the recording server, in plain text: programs that know only one host.
import net from 'node:net';
import tls from 'node:tls';

const { port } = new URL(process.env.RECORDER ?? process.argv[2]);
// A proxy would be asked in the place of the host.
for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) delete process.env[name];

tls.connect = (...args) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.emit('secureConnect'));
  const connected = args.at(-1);
  if (typeof connected === 'function') socket.once('secureConnect', connected);
  return socket;
};
