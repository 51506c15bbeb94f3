// finds access_token
import { openrouter } from '@openrouter/ai-sdk-provider';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: openrouter('a'), prompt: 'a', maxRetries: 0 });
