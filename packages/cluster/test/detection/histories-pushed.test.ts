import { testHistories } from './history-table.ts';

testHistories('both');
testHistories('faults');
testHistories('events');
