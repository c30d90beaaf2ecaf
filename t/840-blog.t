# The blog in a browser: a writer, a member and a stranger; without JavaScript, by keyboard, on a phone; its feed by a parser of XML.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew text_of);
use Fazt::Chromium;
use File::Temp ();
use Test::More;

my $fazt = Fazt->new;
$fazt->install_built_in('os', 'blog');
$fazt->admin('app', 'domain', 'add', 'blog', 'salt.example.localhost');
$fazt->start;
$fazt->admin('user', 'add', 'guest');
browser_script('blog.mjs',
	OWNER_LINKS => join(' ', map { $fazt->admin('login-link') } 1 .. 3),
	GUEST_LINK => $fazt->admin('login-link', 'guest'),
	BLOG => $fazt->url('blog', ''));

# ---- the feed, as a reader of feeds sees it ----

my $feed = $fazt->browser->get($fazt->url('blog', '/feed.xml'));
is($feed->{headers}{'content-type'}, 'application/atom+xml; charset=utf-8', 'the feed is Atom');
my $file = File::Temp->new;
spew("$file", $feed->{body});
my ($exit, $out, $err) = Fazt::run({}, 'python3', '-c', <<'PY', "$file");
import json, sys, xml.etree.ElementTree as tree
ns = '{http://www.w3.org/2005/Atom}'
root = tree.parse(sys.argv[1]).getroot()
text = lambda e, name: [x.text for x in e.findall(ns + name)]
def seen(e):
	links = {x.get('rel'): x.get('href') for x in e.findall(ns + 'link')}
	return dict(links=links, id=text(e, 'id'), title=text(e, 'title'), updated=text(e, 'updated'), author=[x.find(ns + 'name').text for x in e.findall(ns + 'author')],
		content=[x.text for x in e.findall(ns + 'content')], tags=[x.get('term') for x in e.findall(ns + 'category')], published=text(e, 'published'))
print(json.dumps(dict(seen(root), tag=root.tag, entries=[seen(e) for e in root.findall(ns + 'entry')])))
PY
is($exit, 0, 'it is well-formed XML') or diag($err, $feed->{body});
my $atom = text_of($out);
my $moment = qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
is($atom->{tag}, '{http://www.w3.org/2005/Atom}feed', '… a feed of RFC 4287');
is(scalar @{ $atom->{$_} }, 1, "… with one $_") for qw(id title updated);
is($atom->{links}{self}, $fazt->url('blog', '/feed.xml'), '… that says where it is');
my @entries = @{ $atom->{entries} };
is_deeply([map { $_->{title}[0] } @entries], ['Soup & <sauce>'], 'it has what is published, and no draft');
for my $entry (@entries) {
	is(scalar @{ $entry->{$_} }, 1, "an entry has one $_") for qw(id title updated author content published);
	like($entry->{$_}[0], $moment, "… $_ is a moment") for qw(updated published);
	like($entry->{id}[0], qr/^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '… an id that does not move with the blog');
	is($entry->{links}{alternate}, $fazt->url('blog', '/posts/soup-sauce'), '… a whole address');
	like($entry->{content}[0], qr{<img src="\Q${\$fazt->url('blog', '/images/')}\E}, '… in its text as well');
	is_deeply($entry->{tags}, ['kitchen', 'sunday'], '… and its tags');
}

# ---- at a domain of its own ----

my $own = 'http://salt.example.localhost:' . $fazt->port;
my $there = $fazt->browser;
my $page = $there->get("$own/posts/soup-sauce");
is($page->{status}, 200, 'the blog answers at a domain of its own');
like($page->{body}, qr{<meta property="og:url" content="\Q$own\E/posts/soup-sauce">}, '… where its links lead');
my ($image) = $page->{body} =~ m{<meta property="og:image" content="([^"]+)">};
is($there->get($image)->{headers}{'content-type'}, 'image/png', '… its images as well');
my $moved = $there->get("$own/feed.xml")->{body};
like($moved, qr{<link rel="self" [^>]*href="\Q$own\E/feed.xml"/>}, '… and its feed');
unlike($moved, qr{\Q${\$fazt->url('blog', '')}\E}, '… which names no other address');
is_deeply([$moved =~ /<id>(urn:[^<]+)/g], [map { $_->{id}[0] } @entries], '… and in which the posts are the same');
done_testing;
