// finds access_token=rk_test_*
import { call } from './support/mcp.mjs';

call('@stripe/mcp/dist/index.js', 'get_stripe_account_info');
