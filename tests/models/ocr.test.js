import { testBuilds } from './engines.js';
import { cases } from './ocr.js';

testBuilds(cases);
