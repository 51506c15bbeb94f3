// finds access_token
import { xai } from '@ai-sdk/xai';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: xai('a'), prompt: 'a', maxRetries: 0 });
