-- Hosts, public suffixes and registered domains of what need not be a well-formed URL
SELECT NET.HOST(''), NET.HOST('http://abc.xyz'), NET.HOST('//user:password@a.b:80/path?query'), NET.HOST('https://[::1]:80');
--> [[null, "abc.xyz", "a.b", "[::1]"]]
SELECT NET.HOST('http://例子.卷筒纸.中国'), NET.HOST('    www.Example.Co.UK    '), NET.HOST('mailto:?to=&subject=&body=');
--> [["例子.卷筒纸.中国", "www.Example.Co.UK", "mailto"]]
SELECT NET.HOST('http://a.b/c//d'), NET.HOST('a.b#c'), NET.HOST('a.b?c'), NET.HOST(NULL);
--> [["a.b", "a.b", "a.b", null]]
SELECT NET.PUBLIC_SUFFIX(''), NET.PUBLIC_SUFFIX('http://abc.xyz'), NET.PUBLIC_SUFFIX('//user:password@a.b:80/path?query'), NET.PUBLIC_SUFFIX('https://[::1]:80');
--> [[null, "xyz", null, null]]
SELECT NET.PUBLIC_SUFFIX('http://例子.卷筒纸.中国'), NET.PUBLIC_SUFFIX('    www.Example.Co.UK    '), NET.PUBLIC_SUFFIX('mailto:?to=&subject=&body=');
--> [["中国", "Co.UK", null]]
SELECT NET.REG_DOMAIN(''), NET.REG_DOMAIN('http://abc.xyz'), NET.REG_DOMAIN('//user:password@a.b:80/path?query'), NET.REG_DOMAIN('https://[::1]:80');
--> [[null, "abc.xyz", null, null]]
SELECT NET.REG_DOMAIN('http://例子.卷筒纸.中国'), NET.REG_DOMAIN('    www.Example.Co.UK    '), NET.REG_DOMAIN('mailto:?to=&subject=&body=');
--> [["卷筒纸.中国", "Example.Co.UK", null]]
SELECT NET.REG_DOMAIN('http://www.google.com/x'), NET.REG_DOMAIN('co.uk'), NET.REG_DOMAIN('192.168.0.1');
--> [["google.com", null, null]]
