import { testHistoriesOfStockServer } from './history-table.ts';

testHistoriesOfStockServer();
