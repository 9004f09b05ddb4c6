import { testHistories } from './history-table.ts';

// Each file has a process of its own, which lists at a bounded pace.
testHistories('both');
testHistories('faults');
testHistories('events');
