-- BIT_COUNT and the operators on bits
SELECT BIT_COUNT(0), BIT_COUNT(1), BIT_COUNT(8), BIT_COUNT(9), BIT_COUNT(0xFFFF);
--> [[0, 1, 1, 2, 16]]
SELECT BIT_COUNT(-2), BIT_COUNT(-1), BIT_COUNT(NULL);
--> [[63, 64, null]]
SELECT BIT_COUNT(b'\xff'), BIT_COUNT(b'\xff\x01'), BIT_COUNT(b'');
--> [[8, 9, 0]]
SELECT ~1, ~(-1), 5 & 3, 5 | 3, 5 ^ 3;
--> [[-2, 0, 1, 7, 6]]
