// finds access_token, team_id=T*
import { call } from './support/mcp.mjs';

call('@modelcontextprotocol/server-slack/dist/index.js', 'slack_get_users');
