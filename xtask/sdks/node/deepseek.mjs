// finds access_token
import { deepseek } from '@ai-sdk/deepseek';
import { generateText } from 'ai';
import './support/redirected.mjs';

await generateText({ model: deepseek('a'), prompt: 'a', maxRetries: 0 });
