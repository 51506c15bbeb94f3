// finds access_token=pat-na1-*
import { call } from './support/mcp.mjs';

call('@hubspot/mcp-server/dist/index.js', 'hubspot-get-user-details');
