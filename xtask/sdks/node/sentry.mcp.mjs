// finds access_token
import { call } from './support/mcp.mjs';

call('@sentry/mcp-server/dist/index.js', 'whoami');
