import { testHistories } from './history-table.ts';

testHistories('poll');
testHistories('watch');
