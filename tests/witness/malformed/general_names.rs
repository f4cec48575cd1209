//! GeneralNames of every kind, sound and not.

use crate::der;
use crate::random::Random;

/// One GeneralName; `share` of a hundred are such as Go may refuse.
pub fn general_name(random: &mut Random, share: usize) -> Vec<u8> {
    let odd = random.percent(share);
    let pick = |random: &mut Random, sound: &[&str], more: &[&str]| -> Vec<u8> {
        random
            .pick(if odd { more } else { sound })
            .as_bytes()
            .to_vec()
    };
    let (tag, value) = match random.below(9) {
        0 => (
            0x81,
            pick(
                random,
                &["root@wudang", "a@b@c", ""],
                &["r\u{f6}\u{f6}t@wudang"],
            ),
        ),
        1 | 2 => (
            0x82,
            pick(
                random,
                &["wudang", "*.example.com", "a b", ""],
                &["武当", "\u{80}"],
            ),
        ),
        3 | 4 => (0x86, pick(random, URIS, ODD_URIS)),
        5 => {
            let sound: &[&[u8]] = &[&[10, 0, 0, 1], &[0xfd; 16], &[0; 4], &[0; 16]];
            let more: &[&[u8]] = &[
                &[],
                &[10, 0, 0],
                &[10, 0, 0, 1, 24],
                &[10; 8],
                &[0; 17],
                &[0; 32],
                &[7; 200],
            ];
            (0x87, random.pick(if odd { more } else { sound }).to_vec())
        }
        6 => {
            let other = [
                der::oid("1.3.6.1.4.1.311.20.2.3"),
                der::element(0xa0, &[&[12, 1, b'x']]),
            ];
            (0xa0, other.concat())
        }
        7 => {
            let name = der::sequence(&[&der::element(0x31, &[])]);
            (0xa4, name)
        }
        _ => (0x88, vec![0x2a, 3]),
    };
    let tag = if odd && random.percent(20) {
        random.pick(&[0x01, 0x02, 0xa2, 0xc2, 0x9f, 0x1f, 0x83, 0xa3, 0xa5, 0x90])
    } else {
        tag
    };
    der::element(tag, &[&value])
}

pub const URIS: &[&str] = &[
    "spiffe://cluster.local/ns/default",
    "https://wudang:6443/a?b#c",
    "http://[::1]:80/",
    "http://[fe80::1%25eth0]/",
    "mailto:root@wudang",
    "urn:uuid:1",
    "",
    "*",
    "/path",
    "//wudang/x",
    "a/b",
    "http://user:pass@wudang/",
    "etcd://a:1,b:2",
    "http://10.0.0.1/%2F",
    "HTTP:",
    "http://",
];
pub const ODD_URIS: &[&str] = &[
    ":",
    ":b",
    "1a:b",
    "a b:c",
    "a:b\u{7f}",
    "http://a\nb",
    "http://w\u{fc}dang/",
    "http://wu dang/",
    "http://wudang./",
    "http://.wudang/",
    "http://a..b/",
    "http://a%41b/",
    "http://a%ffb/",
    "http://a%zzb/",
    "http://a%2",
    "http://a%25b/",
    "http://a/%zz",
    "http://a/%",
    "http://a#%zz",
    "http://a?%zz",
    "http://us er@h/",
    "http://u%zz@h/",
    "http://u:%4@h/",
    "http://a:b/",
    "http://a:1:2/",
    "etcd://a:1:2/",
    "etcd://a:1:x/",
    "http://a:/",
    "http://[::1/",
    "http://a[::1]/",
    "http://[::1]x/",
    "http://[::1]:x/",
    "http://[::1%eth0]/",
    "http://[::1%25]/",
    "http://[::1%25e%20h]/",
    "http://[::1%25e%zzh]/",
    "http://[::1%25e%7fh]/",
    "http://[10.0.0.1]/",
    "http://[10.0.0]/",
    "http://[10.0.0.256]/",
    "http://[10.0.0.01]/",
    "http://[10..0.1]/",
    "http://[1.2.3.4.5]/",
    "http://[1.2.3.x]/",
    "http://[]/",
    "http://[wudang]/",
    "http://[%25eth0]/",
    "http://[1:2:3]/",
    "http://[1:2:3:4:5:6:7:8:9]/",
    "http://[1:2:3:4:5:6:7::8]/",
    "http://[::1::]/",
    "http://[12345::]/",
    "http://[1:]/",
    "http://[:1]/",
    "http://[1:g::]/",
    "http://[1:2.3.4.5]/",
    "http://[::1.2.3]/",
    "http://[1:2:3:4:5:6:7:1.2.3.4]/",
    "http://[::ffff:1.2.3.4]/",
    "http://[::%ff]/",
    "http://a^b/",
    "http://a|b/c",
    "first:second/third:x",
    "a/b:c",
    "./b:c?d",
    "http://h\"q/",
    "http://h<q>/",
];
