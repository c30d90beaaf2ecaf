<?php
// The same four jobs in PHP: hello, ask another server, read one document by key, insert one durably.
$path = $_SERVER['DOCUMENT_URI'];
if ($path === '/hello') {
	header('Content-Type: text/plain; charset=utf-8');
	echo 'hello';
	return;
}
if ($path === '/fetch') {
	header('Content-Type: text/plain; charset=utf-8');
	echo file_get_contents('http://127.0.0.1:' . getenv('BENCH_PORT') . '/', false, stream_context_create(['http' => ['header' => 'Host: nginx.bench']]));
	return;
}
$db = new PDO('sqlite:' . getenv('BENCH_DB'), null, null, [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$db->exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000');
header('Content-Type: application/json');
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
	$body = file_get_contents('php://input');
	$doc = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
	$doc['id'] = bin2hex(random_bytes(13));
	$doc['created'] = (int)(microtime(true) * 1000);
	$db->prepare('INSERT INTO docs (id, created, body) VALUES (?, ?, ?)')->execute([$doc['id'], $doc['created'], json_encode($doc)]);
	http_response_code(201);
	echo json_encode($doc);
	return;
}
$statement = $db->prepare('SELECT body FROM docs WHERE id = ?');
$statement->execute([basename($path)]);
$body = $statement->fetchColumn();
if ($body === false) {
	http_response_code(404);
	return;
}
echo json_encode(json_decode($body, true));
