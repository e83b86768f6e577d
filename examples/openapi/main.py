"""An alarm clock as an API that describes itself: /docs is its page, /openapi.json its document."""

from microdot import Microdot, abort, redirect
from microdot.openapi import OpenAPI, describe, hide

MOST = 16

ALARM = {
    'type': 'object',
    'required': ['time'],
    'additionalProperties': False,
    'properties': {
        'time': {
            'type': 'string',
            'pattern': '^([01][0-9]|2[0-3]):[0-5][0-9]$',
            'maxLength': 5,
            'description': 'hours and minutes',
            'example': '06:45',
        },
        'days': {
            'type': 'array',
            'maxItems': 7,
            'items': {'enum': ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']},
            'description': 'none for once',
        },
        'volume': {'type': 'integer', 'minimum': 0, 'maximum': 10, 'default': 5},
    },
}
ALARMS = {'type': 'array', 'items': ALARM}
MISSING = 'There is no such alarm'

app = Microdot()
alarms = [{'time': '06:45', 'days': ['mon', 'tue'], 'volume': 5}]


def check(number):
    if not 0 <= number < len(alarms):
        abort(404, MISSING)


@app.get('/alarms')
@describe(
    'List the alarms',
    query={
        'loud': {'type': 'integer', 'minimum': 0, 'description': 'of this volume at least'},
        'day': ALARM['properties']['days']['items'],
    },
    responses={200: ALARMS},
)
async def list_alarms(request, query):
    return [
        alarm
        for alarm in alarms
        if alarm['volume'] >= query.get('loud', 0)
        and ('day' not in query or query['day'] in alarm.get('days', []))
    ]


@app.post('/alarms')
@describe('Add an alarm', body=ALARM, responses={201: ALARM, 409: 'There are 16 already'})
async def add_alarm(request, body):
    if len(alarms) >= MOST:
        abort(409, 'There are 16 already')
    alarms.append(body)
    return body, 201


@app.get('/alarms/<int:number>')
@describe('Show an alarm', responses={200: ALARM, 404: MISSING})
async def show_alarm(request, number):
    check(number)
    return alarms[number]


@app.put('/alarms/<int:number>')
@describe('Change an alarm', body=ALARM, responses={200: ALARM, 404: MISSING})
async def change_alarm(request, number, body):
    check(number)
    alarms[number] = body
    return body


@app.delete('/alarms/<int:number>')
@describe('Remove an alarm', responses={204: 'It is gone', 404: MISSING})
async def remove_alarm(request, number):
    check(number)
    del alarms[number]
    return '', 204


@app.get('/')
@hide
async def index(request):
    return redirect('/docs')


OpenAPI(app, 'Alarm clock', schemas={'Alarm': ALARM})

if __name__ == '__main__':
    app.run(debug=True)
