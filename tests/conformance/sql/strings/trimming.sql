-- Without a set of characters, white space as Unicode has it.
SELECT CONCAT('#', TRIM('   apple   '), '#');
--> [["#apple#"]]
SELECT CONCAT('#', LTRIM('   apple   '), '#');
--> [["#apple   #"]]
SELECT CONCAT('#', RTRIM('   apple   '), '#');
--> [["#   apple#"]]
SELECT TRIM('***apple***', '*');
--> [["apple"]]
SELECT LTRIM('***apple***', '*'), RTRIM('***apple***', '*');
--> [["apple***", "***apple"]]
SELECT TRIM('xxxapplexxx', 'xyz'), TRIM('xzxapplexxy', 'xyz');
--> [["apple", "apple"]]
SELECT LTRIM('xxxapplexxx', 'xyz');
--> [["applexxx"]]
SELECT RTRIM('pearxyz', 'xyz');
--> [["pear"]]
SELECT TRIM(b'apple', b'na\xab');
--> [["cHBsZQ=="]]
SELECT TRIM(b'\xabapple\xab', b'\xab');
--> [["YXBwbGU="]]
SELECT LTRIM(b'apple', b'na\xab');
--> [["cHBsZQ=="]]
SELECT RTRIM(b'apple', b'le');
--> [["YXBw"]]
SELECT TRIM('\t\n\u00a0\u3000a b\u2028');
--> [["a b"]]
SELECT TRIM('ab', '');
--> [["ab"]]
SELECT TRIM(NULL), TRIM('a', NULL);
--> [[null, null]]
SELECT TRIM(b'abc');
--! No matching signature for function TRIM for argument types: BYTES
