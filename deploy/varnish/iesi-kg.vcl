# iesi-kg.vcl: Varnish 7 in front of an iesi-kg service on the same machine. How to use it: docs/how-to/mirror.md.
#
#   varnishd -a :80 -f /etc/varnish/iesi-kg.vcl -s malloc,1G \
#            -p http_gzip_support=off -p http_req_hdr_len=64k -p http_req_size=96k
#
# http_gzip_support=off: the service packs its answers itself and gives each form an ETag of its own; Varnish keeps both
# (Vary: Accept, Accept-Encoding) and changes neither. The two sizes let queries of 64 kB through in addresses.
vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 150s;  # longer than the longest query: IESI_KG_TOKEN_SECONDS
}

acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    # `iesi-kg mirror --purge http://127.0.0.1:80` says which version is served now: all others leave the cache.
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(405, "Not allowed from here"));
        }
        if (req.http.IESI-KG-Version !~ "^[0-9]+$") {
            return (synth(400, "IESI-KG-Version: NUMBER says what may stay"));
        }
        ban("obj.http.X-Present ~ [0-9] && obj.http.X-Present != " + req.http.IESI-KG-Version);
        return (synth(200, "Other versions are gone"));
    }
    # Spelt in a hundred ways, these two would make a hundred copies of each answer.
    if (req.http.Accept-Encoding) {
        if (req.http.Accept-Encoding ~ "gzip") {
            set req.http.Accept-Encoding = "gzip";
        } else {
            unset req.http.Accept-Encoding;
        }
    }
    # All else is as Varnish does it: only GET and HEAD without Authorization and Cookie are looked up.
}

sub vcl_backend_response {
    # Answers that carry a version and an ETag may be kept until the next version: the service says `no-cache`, which
    # asks whoever has no purge to look again each time, and that is what browsers and caches beyond this one do.
    # The manifest is looked at anew each time: without a new one there is no purge.
    if (beresp.status == 200 && beresp.http.ETag && beresp.http.IESI-KG-Version
        && beresp.http.Cache-Control ~ "public" && bereq.url != "/manifest") {
        set beresp.ttl = 10m;   # should a purge get lost
        set beresp.grace = 0s;
        set beresp.keep = 1h;   # after that a conditional request suffices while the version stays
        if (!beresp.http.IESI-KG-Release) {  # answers of a release stay when the version goes
            set beresp.http.X-Present = beresp.http.IESI-KG-Version;
        }
        return (deliver);
    }
}

sub vcl_deliver {
    unset resp.http.X-Present;
    # For the log and for you: curl -I shows whether the cache answered.
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    } else {
        set resp.http.X-Cache = "miss";
    }
}
