// finds account_sid=AC*, access_token
import twilio from 'twilio';
import './support/redirected.mjs';

await twilio().messages.list({ limit: 1 });
