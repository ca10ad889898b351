-- IP addresses in network order
SELECT TO_HEX(NET.IP_FROM_STRING(a)) FROM UNNEST(['48.49.50.51', '::1', '3031:3233:3435:3637:3839:4041:4243:4445', '::ffff:192.0.2.128']) AS a WITH OFFSET ORDER BY offset;
--> [["30313233"], ["00000000000000000000000000000001"], ["30313233343536373839404142434445"], ["00000000000000000000ffffc0000280"]]
SELECT NET.IP_FROM_STRING('48.49.50');
--! NET.IP_FROM_STRING() encountered an unparseable IP-address: 48.49.50
SELECT NET.IP_FROM_STRING('::wxyz');
--! NET.IP_FROM_STRING() encountered an unparseable IP-address: ::wxyz
SELECT NET.SAFE_IP_FROM_STRING('48.49.50.51/32'), NET.SAFE_IP_FROM_STRING('48.49.50'), NET.SAFE_IP_FROM_STRING('::wxyz'), NET.SAFE_IP_FROM_STRING('48.49.50.51');
--> [[null, null, null, "MDEyMw=="]]
SELECT NET.IP_TO_STRING(b'0123'), NET.IP_TO_STRING(b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01'), NET.IP_TO_STRING(b'0123456789@ABCDE'), NET.IP_TO_STRING(FROM_HEX('00000000000000000000ffffc0000280'));
--> [["48.49.50.51", "::1", "3031:3233:3435:3637:3839:4041:4243:4445", "::ffff:192.0.2.128"]]
SELECT NET.IP_TO_STRING(b'012');
--! NET.IP_TO_STRING() encountered an invalid IP address. Expected 4 (for IPv4) or 16 (for IPv6) bytes but got 3
SELECT TO_HEX(NET.IP_NET_MASK(x, y)) FROM UNNEST([STRUCT(4 AS x, 0 AS y), (4, 20), (4, 32), (16, 0), (16, 1), (16, 128)]) WITH OFFSET ORDER BY offset;
--> [["00000000"], ["fffff000"], ["ffffffff"], ["00000000000000000000000000000000"], ["80000000000000000000000000000000"], ["ffffffffffffffffffffffffffffffff"]]
SELECT NET.IP_NET_MASK(5, 0);
--! The first argument of NET.IP_NET_MASK() must be either 4 (for IPv4) or 16 (for IPv6); got 5
SELECT NET.IP_NET_MASK(4, 33);
--! The second argument of NET.IP_NET_MASK() must be between 0 and the first argument * 8; got 33
SELECT TO_HEX(NET.IP_TRUNC(b'\xAA\xBB\xCC\xDD', p)) FROM UNNEST([0, 11, 12, 24, 32]) AS p ORDER BY p;
--> [["00000000"], ["aaa00000"], ["aab00000"], ["aabbcc00"], ["aabbccdd"]]
SELECT TO_HEX(NET.IP_TRUNC(b'0123456789@ABCDE', 80));
--> [["30313233343536373839000000000000"]]
SELECT NET.IP_TRUNC(b'012', 1);
--! The first argument of NET.IP_TRUNC() must have length 4 (for IPv4) or 16 (for IPv6); got 3
SELECT NET.IP_TRUNC(b'0123', -1);
--! The second argument of NET.IP_TRUNC() must be between 0 and 8 * LENGTH(first argument); got -1
SELECT TO_HEX(NET.IPV4_FROM_INT64(x)) FROM UNNEST([0, 11259375, 4294967295, -1, -2]) AS x WITH OFFSET ORDER BY offset;
--> [["00000000"], ["00abcdef"], ["ffffffff"], ["ffffffff"], ["fffffffe"]]
SELECT NET.IPV4_FROM_INT64(4294967296);
--! NET.IPV4_FROM_INT64() encountered an invalid integer IP
SELECT NET.IPV4_TO_INT64(b'\x00\x00\x00\x00'), NET.IPV4_TO_INT64(b'\x00\xab\xcd\xef'), NET.IPV4_TO_INT64(b'\xff\xff\xff\xff');
--> [[0, 11259375, 4294967295]]
SELECT NET.IPV4_TO_INT64(b'01234');
--! NET.IPV4_TO_INT64() encountered a non-IPv4 address. Expected 4 bytes but got 5
SELECT NET.IP_FROM_STRING(NULL), NET.IP_TO_STRING(NULL), NET.IP_TRUNC(NULL, 1), NET.IPV4_TO_INT64(NULL);
--> [[null, null, null, null]]
SELECT SAFE.NET.IP_FROM_STRING('x');
--> [[null]]
