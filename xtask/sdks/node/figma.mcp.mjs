// finds access_token
import { call } from './support/mcp.mjs';

call('figma-developer-mcp/dist/bin.js --stdio', 'get_figma_data', { fileKey: 'a' });
