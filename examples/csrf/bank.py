"""A bank that trusts a cookie, and the one line that keeps other sites from using it.

`/unprotected` does the same without that line.
"""

from microdot import Microdot, Response, redirect, send_file
from microdot.csrf import CSRF

app = Microdot()
csrf = CSRF(app)
balance = {'euros': 1000}
HTML = {'Content-Type': 'text/html; charset=UTF-8', 'Cache-Control': 'no-store'}


@app.get('/')
async def index(request):
    with open('bank.html') as file:
        response = Response(file.read().replace('{euros}', str(balance['euros'])), 200, HTML)
    # Stands for a login.
    response.set_cookie('customer', 'ada', path='/', http_only=True, same_site='Lax')
    return response


async def pay(request):
    amount = (request.form or {}).get('amount', '')
    if request.cookies.get('customer') != 'ada' or not amount.isdigit():
        return 'Refused.', 400
    balance['euros'] -= min(int(amount), balance['euros'])
    return redirect('/', 303)


@app.post('/transfer')
async def transfer(request):
    return await pay(request)


@app.post('/unprotected')
@csrf.exempt
async def unprotected(request):
    return await pay(request)


@app.errorhandler(403)
async def refused(request):
    return send_file('refused.html', 403)


if __name__ == '__main__':
    app.run(port=5000, debug=True)
