import { testBuilds } from './engines.js';
import { networks, pictures } from './ocr.js';

testBuilds([...networks, ...pictures]);
