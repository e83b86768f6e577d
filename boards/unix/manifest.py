include('$(MPY_DIR)/extmod/asyncio')
include('../../manifest.py', app=options.app)
module('launch.py', base_path='../modules/unix', opt=3)
module('serve.py', base_path='../../tools/microdot_kit/programs', opt=3)
